defmodule Athenaeum.MixProject do
  use Mix.Project

  def project do
    [app: :athenaeum, version: "0.4.0", elixir: "~> 1.16", deps: []]
  end
end
