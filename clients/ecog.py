#!/usr/bin/env python3
"""ecog"""
PORTAL = ""
