defmodule Harbour.MixProject do
  use Mix.Project

  def project do
    [app: :harbour, version: "0.1.0", elixir: "~> 1.16", deps: []]
  end
end
