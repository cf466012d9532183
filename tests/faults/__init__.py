"""A batch that is uploaded and scored while everything around it is killed: `make faults`."""
