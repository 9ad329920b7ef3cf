"""What a name becomes in a branch's name."""

import pytest

from covey.projects.names import LONGEST_SLUG, branch_slug


class TestBranchSlug:
    """Lower case, dashes for what a branch's name should not have, the component's id where nothing is left."""

    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("User Management & Auth", "user-management-auth"),
            ("Billing", "billing"),
            ("shop.billing", "shop-billing"),
            ("snake_case", "snake_case"),
            ("--already--dashed--", "already-dashed"),
            ("_private_", "_private_"),
            ("HTTP/2", "http-2"),
            ("a..b~c^d:e?f*g[h\\i", "a-b-c-d-e-f-g-h-i"),
            ("@{upstream}", "upstream"),
            ("x.lock", "x-lock"),
            ("Größe", "gr-e"),
            ("日本", "the-id"),
            ("&&&", "the-id"),
            ("", "the-id"),
        ],
    )
    def test_vectors(self, name: str, slug: str) -> None:
        assert branch_slug(name, "the-id") == slug

    def test_a_long_name_is_cut(self) -> None:
        assert branch_slug(f"{'a' * (LONGEST_SLUG - 1)} {'b' * 100}", "the-id") == "a" * (LONGEST_SLUG - 1)
