"""Published and measured tables: import, audit, store, look up."""

from hwnas.tables.audit import Audit, audit_table
from hwnas.tables.classes import ClassMeans, class_means
from hwnas.tables.download import pull_table
from hwnas.tables.importing import import_file, import_table
from hwnas.tables.store import is_cached, load_audit, load_table, read_card, table_names
from hwnas.tables.table import Column, Nulled, Table

__all__ = [
    "Audit",
    "ClassMeans",
    "Column",
    "Nulled",
    "Table",
    "audit_table",
    "class_means",
    "import_file",
    "import_table",
    "is_cached",
    "load_audit",
    "load_table",
    "pull_table",
    "read_card",
    "table_names",
]
