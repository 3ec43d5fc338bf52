"""An independent oracle of who may see what, against the product on a real PostgreSQL. See README.md."""
