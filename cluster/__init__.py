"""Where it runs and how one talks to it: command line, configuration, Ray."""
