"""Les mesures du portail : ``make bench``, ou ``python -m bancs [sujet…]`` avec un PostgreSQL dans DATABASE_URL."""
