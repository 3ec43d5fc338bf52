"""What neighbourhood teams work with: caseloads, and what is told, exported and measured of the people on them."""
