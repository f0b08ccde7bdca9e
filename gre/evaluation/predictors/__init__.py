"""Who answers: a model, a server, vLLM, somebody's file, a constant."""
