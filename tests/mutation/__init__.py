"""What the tests of deciding would not notice: small changes of the code, one by one."""
