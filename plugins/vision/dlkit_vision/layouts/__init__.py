"""What published files call the layers of these networks; see `dlkit.weights.layout`."""
