"""The impact map: recorded by running, stored by content, asked at selection."""
