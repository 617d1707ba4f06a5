"""Le mot de passe oublié, les liens reçus par courriel, et « Mes informations »."""
