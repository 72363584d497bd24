"""A made-up community and a made-up listener, for the demo and the tests. No artist in it is real."""
