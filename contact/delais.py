"""Compter en jours ouvrés : ni samedi, ni dimanche, ni jour férié."""

from datetime import date, timedelta

# L'accusé de réception est dû sous dix jours ouvrés (CRPA, R. 112-9-2) : c'est aussi ce que nous disons de la réponse.
REPONSE_JOURS = 10
_FETES = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
_APRES_PAQUES = (1, 39, 50)  # lundi de Pâques, Ascension, lundi de Pentecôte
SAMEDI = 5


def paques(annee: int) -> date:
    """Le dimanche de Pâques (algorithme de Meeus)."""
    a, b, c = annee % 19, annee // 100, annee % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    reste = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * reste) // 451
    mois, jour = divmod(h + reste - 7 * m + 114, 31)
    return date(annee, mois, jour + 1)


def est_ouvre(jour: date) -> bool:
    """Vrai pour un jour où la mairie travaille."""
    mobiles = {paques(jour.year) + timedelta(decalage) for decalage in _APRES_PAQUES}
    return jour.weekday() < SAMEDI and (jour.month, jour.day) not in _FETES and jour not in mobiles


def il_y_a(jours: int, *, avant: date) -> date:
    """Le jour d'où ``jours`` jours ouvrés entiers se sont écoulés ``avant`` ce jour-ci."""
    jour = avant
    while jours:
        jour -= timedelta(1)
        jours -= est_ouvre(jour)
    return jour
