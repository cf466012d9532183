"""What people take away with them."""
