class Diagnosis:
    def __init__(self, *a):
        self.blind=[]
    def mistakes(self): return []
