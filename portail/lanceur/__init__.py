"""``make run`` : prépare la démonstration, puis tient ses processus jusqu'à Ctrl-C."""
