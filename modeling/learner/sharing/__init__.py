"""Ways in which tasks share what was learned; one idea a file, all with the interface of one."""
