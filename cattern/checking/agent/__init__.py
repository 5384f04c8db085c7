"""The agent: what lives in the process with a student's file. It knows calls and values, and nothing of any lab.

The folder stands alone (the standard library and NumPy): in the sandbox it is there under the name `cattern_agent`, and
nothing else of `cattern.checking` is. The other side of the pipe is `cattern.checking.channel`.

To add something that must happen beside the student's code, write a function of calls and values in `commands` and let
`command` decorate it; a driver runs it by `beside(student, commands.NAME, …)`, whether the student's module is here or in
another process. Its arguments and what it returns cross the pipe: numbers, text, arrays, lists, dicts, objects as handles.
The trusted side caps and checks the form of what comes back, not its truth: anything may have been forged.
"""
