"""The work of `ckptls check`: files, fixes, processes, reports."""
