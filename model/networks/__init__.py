"""Networks: trunks, their weights, and the heads on them."""
