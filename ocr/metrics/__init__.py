"""The metrics of ``ocr eval`` and of the validation steps of training, each implemented once.

:mod:`~ocr.metrics.text` compares strings, :mod:`~ocr.metrics.detection` polygons, :mod:`~ocr.metrics.page` whole pages,
:mod:`~ocr.metrics.calibration` confidences.
"""
