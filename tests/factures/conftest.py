"""Les fichiers de ces essais se lisent dans un fil, sauf ceux qui éprouvent le bac à sable lui-même."""

from tests.factures.outils_bac import bac_en_un_fil, vrai_bac

__all__ = ["bac_en_un_fil", "vrai_bac"]
