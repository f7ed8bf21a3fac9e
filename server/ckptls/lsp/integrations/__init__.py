"""ckptls inside other programs: JupyterLab and pylsp."""
