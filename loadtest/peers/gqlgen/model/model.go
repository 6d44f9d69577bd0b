// Package model has the graph's types.
package model

// A Profile is somebody at the screen.
type Profile struct {
	ID       string
	Name     string
	Searches []string
}

// A Row is a row of the home, with the ids of its titles.
type Row struct {
	Name string
	IDs  []string
}

// A Title is what the catalog knows of one.
type Title struct {
	ID             string `json:"id"`
	Title          string `json:"title"`
	Year           *int   `json:"year"`
	RuntimeMinutes *int   `json:"runtimeMinutes"`
	Rating         string `json:"rating"`
	Synopsis       string `json:"synopsis"`
}
