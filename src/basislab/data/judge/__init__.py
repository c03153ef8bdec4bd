"""What is wrong with data: rules over markets, and rules over rates before they reach one."""
