"""Runs a program in a pseudo-terminal of a given width, and writes what it showed. Usage: terminal.py COLUMNS PROGRAM [ARGUMENT...]"""
import fcntl
import os
import pty
import struct
import sys
import termios

columns, program = int(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.execvp(program[0], program)
while True:
    try:
        shown = os.read(terminal, 65536)
    except OSError:  # Linux says so when the program has ended
        break
    if not shown:  # and a Mac so
        break
    sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
