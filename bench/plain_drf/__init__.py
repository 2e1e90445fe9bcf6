"""A plain ingestion endpoint of Django REST framework, for comparison with Fermon.

A model, a ModelSerializer with ``many=True``, the two rules (limits, rolling 3σ) in Python, and
``bulk_create``: a typical first version. The answer has an id for each reading, as Fermon's.
"""
