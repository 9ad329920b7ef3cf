"""The widgets: each paints lines of spans that the view has decided on. They know no store and no app."""
