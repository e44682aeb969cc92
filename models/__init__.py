"""Model folders, and what makes, checks and loads them."""
