"""Located photos as others read them: GeoJSON, KML, CSV, lines of JSON, and coarse places."""
