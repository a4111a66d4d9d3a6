"""What lies in a package for agents: skills, commands, agents, rules, hooks, servers, and AGENTS.md."""
