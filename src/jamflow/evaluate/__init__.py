"""Metrics: word error rate, DNSMOS, speaker similarity and lip synchronisation."""
