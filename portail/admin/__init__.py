"""La gestion du rez-de-chaussée."""

from portail.admin import communes, suivi

__all__ = ["communes", "suivi"]
