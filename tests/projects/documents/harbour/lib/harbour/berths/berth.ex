defmodule Harbour.Berths.Berth do
  @moduledoc "A place at the quay."
  defstruct [:number, :length_m, :draught_m]
end
