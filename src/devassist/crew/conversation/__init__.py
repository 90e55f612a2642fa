"""What an agent and its model say to each other, and how it fits into the window of the model."""
