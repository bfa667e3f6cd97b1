"""The words of the field as frozen data: architecture, space, graph, device, objective, front."""
