"""La gestion (/gestion/) : l'administration de Django, dans une seule commune, où tout se lit et rien ne s'édite.

``droits`` dit qui peut quoi ; ``modele`` montre un modèle ; ``site`` les rassemble. Écrire passe par un acte
(``registre.Acte``), donc par un service.
"""
