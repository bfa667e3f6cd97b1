"""Published and measured tables: import, audit, store, look up."""

from hwnas.tables.additive import Terms, additive_terms
from hwnas.tables.audit import Audit, audit_table, unused_rows
from hwnas.tables.classes import ClassMeans, NetMeans, class_means, net_means
from hwnas.tables.download import pull_table
from hwnas.tables.fbnet_operators import network_values
from hwnas.tables.importing import import_file, import_table
from hwnas.tables.official import import_official
from hwnas.tables.store import how_to_get, is_cached, load_audit, load_table, read_card, table_names
from hwnas.tables.table import Column, Nulled, Repeats, Table

__all__ = [
    "Audit",
    "ClassMeans",
    "Column",
    "NetMeans",
    "Nulled",
    "Repeats",
    "Table",
    "Terms",
    "additive_terms",
    "audit_table",
    "class_means",
    "how_to_get",
    "import_file",
    "import_official",
    "import_table",
    "is_cached",
    "load_audit",
    "load_table",
    "net_means",
    "network_values",
    "pull_table",
    "read_card",
    "table_names",
    "unused_rows",
]
