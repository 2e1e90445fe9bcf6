"""The plain way to take readings in with Django REST framework, to hold Fermon against.

A model, a ModelSerializer with ``many=True``, the limits' rule and the rolling one in Python, and
``bulk_create``: what one writes first. It answers an id for each reading, too.
"""
