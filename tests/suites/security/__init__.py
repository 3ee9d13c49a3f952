"""Berth as an attacker finds it: real servers, asked by whoever does not belong."""
