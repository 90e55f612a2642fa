"""What did each test come to, in the test runner's own words?"""
