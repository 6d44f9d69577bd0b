// Package industry is the query that GraphQL gateways are compared by, over four HTTP tiers: what it costs an edge, and whether the answer is right.
package industry

import "fmt"

// A User is somebody with an account.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// A Product is something for sale: whole dollars and pounds.
type Product struct {
	UPC    string `json:"upc"`
	Name   string `json:"name"`
	Price  int    `json:"price"`
	Weight int    `json:"weight"`
}

// A Review says what a user, by id, thinks of a product, by UPC.
type Review struct {
	ID, Body, Product, Author string
}

// A Shop is a set of data: what the four tiers answer from.
type Shop struct {
	Users    []User
	Products []Product // the best sold first
	Reviews  []Review
	InStock  map[string]bool // by UPC; who is not in it is not in stock
}

// Top is how many products the query asks for.
const Top = 5

// Standard is the data of the comparison: every review is by the first user, and is of one of the top products.
func Standard() *Shop { return shop([]int{1, 2, 1, 2, 3, 1, 2, 4, 1, 2, 5}) }

// Stranger is the same, but that the last review is of a product outside the top ones.
func Stranger() *Shop { return shop([]int{1, 2, 1, 2, 3, 1, 2, 4, 1, 2, 9}) }

// shop makes the data; of names the product of each review.
func shop(of []int) *Shop {
	s := &Shop{InStock: map[string]bool{}}
	for i, name := range []string{"Ada Adams", "Ben Brook", "Cleo Clark", "Dan Dale", "Eve Ellis", "Finn Ford"} {
		s.Users = append(s.Users, User{ID: fmt.Sprint(i + 1), Username: fmt.Sprintf("user%02d", i+1), Name: name})
	}
	for i, name := range []string{"Desk", "Bed", "Lamp", "Stool", "Screen", "Shelf", "Stove", "Freezer", "Bench"} {
		p := Product{UPC: fmt.Sprint(i + 1), Name: name, Price: []int{899, 1299, 54, 120, 1199, 75, 640, 1550, 210}[i], Weight: []int{100, 1000, 50, 12, 100, 40, 180, 600, 90}[i]}
		s.Products = append(s.Products, p)
		s.InStock[p.UPC] = i%3 != 1
	}
	words := []string{"It was worth all of its price.", "I expected more of it.", "It came late, but in one piece.", "My cat likes it more than me."}
	for i, p := range of {
		s.Reviews = append(s.Reviews, Review{ID: fmt.Sprint(i + 1), Body: words[i%len(words)], Product: fmt.Sprint(p), Author: "1"})
	}
	return s
}

// Shipping is what the inventory asks for shipping: nothing for what is expensive, else half a dollar a pound.
func Shipping(price, weight int) int {
	if price > 1000 {
		return 0
	}
	return weight / 2
}
