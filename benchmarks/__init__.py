"""Speed and calibration; run by `make bench`, never by the tests."""
