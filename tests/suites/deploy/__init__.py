"""Tests of the files in deploy/, as far as that is possible without systemd, containers and Grafana."""
