"""A face that answers while sound or text still comes."""
