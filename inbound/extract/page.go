package extract

type page struct{ lines []line }

func parsePage(html string) *page { return &page{} }

func (d *document) fromPage(p *page, r *Result) {}
