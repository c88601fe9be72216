"""Networks: encoders, dialogue context, fusion, and the model that joins them."""
