"""Loaded by Python itself, in every process that tests start."""

import berth_statements

berth_statements.record_later()
