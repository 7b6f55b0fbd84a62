"""What a Secret is to hold and look like. Pure."""
