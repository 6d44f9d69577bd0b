package composer

func (x *exec) graph() {}
