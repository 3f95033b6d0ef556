"""What a program that talks in tool calls is told: the verbs as tools, their answers made short."""
