"""Terminologies: folders of concepts and their names, and what makes, checks and opens them."""
