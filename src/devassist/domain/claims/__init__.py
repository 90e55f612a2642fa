"""Is what an agent claims borne out by what was recorded?"""
