"""Who lives on the cluster: data, networks, peers, panels, coordinators, the recorder."""
