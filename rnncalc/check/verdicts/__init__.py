"""How one number is judged, what follows from the first slip, and the verdict on all of them."""
